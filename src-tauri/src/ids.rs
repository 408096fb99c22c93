//! Names of things, each its own type so that one cannot be passed for another.
//!
//! Owns: the id newtypes.
//! Must not know: what the things are, how ids are made.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(uuid: uuid::Uuid) -> Self {
                Self(uuid.to_string().into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), &self.0)
            }
        }
    };
}

id! {
    /// A stored Factory identity; the host's `credential_id`.
    AccountId
}
id! {
    /// One key of a key pool.
    KeyId
}
id! {
    /// A group of accounts; chosen by the person, e.g. `team`.
    GroupId
}
id! {
    /// A key this gateway issued to a client.
    ClientKeyId
}
id! {
    /// A sign-in under way.
    LoginId
}
id! {
    /// One running process of this program.
    OwnerId
}
id! {
    /// One use of an account, from acquire to release.
    LeaseId
}
