//! A gateway on a rig.
//!
//! Owns: starting it.
//! Must not know: any one test.
#![allow(dead_code, reason = "each test file uses its part of it")]

use droid_testbed::gateway::Gateway;
use droid_testbed::host::HostConfig;
use droid_testbed::rig::Rig;

/// The gateway as a person would start it on this rig.
pub(crate) async fn start(rig: &Rig) -> Gateway {
    Gateway::start(&host(rig)).await
}

/// How it is launched, and so that no file of the person running the tests is read.
pub(crate) fn host(rig: &Rig) -> HostConfig {
    HostConfig { home: Some(rig.folder().join("home")), ..rig.host() }
}
