//! Factory.ai (Droid) accounts for clients of the Anthropic, OpenAI and Gemini protocols.
//!
//! Owns: the list of modules, in reading order, and no code.
//! Must not know: anything.

pub mod clock;
pub mod error;
mod files;
pub mod ids;
pub mod logging;
pub mod secret;
pub mod signals;
pub mod tasks;

pub mod config;
pub mod models;
pub mod prices;

pub mod pool;
pub mod ports;

pub mod metrics;
pub mod owner;
pub mod store;
pub mod upstream;

pub mod oauth;

pub mod outbound;
pub mod probe;

pub mod broker;
pub mod trials;

pub mod relay;

pub mod accounts;
pub mod client_keys;
pub mod logins;

pub mod doctor;

pub mod api;

pub mod gateway;
pub mod rpc;

pub mod app;

mod demo;

pub mod cli;
