//! What is said of a method, and where HTTP has it.
//!
//! Owns: [`Spec`], [`Route`], [`Verb`].
//! Must not know: any method.

/// One method.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it is for, one sentence.
    pub purpose: &'static str,
    /// `name: type - meaning`; a `?` behind the name marks what may be left out.
    pub params: &'static [&'static str],
    /// The result's shape.
    pub result: &'static str,
    /// Where the gateway has it; the first is the one to use, others are what droid2api's users
    /// know (seed S3). Empty: only for the host and for this program itself.
    pub http: &'static [Route],
}

/// A place in the admin API. Params named in braces are in the path; the others are in the query
/// of a `GET` or `DELETE`, else in a JSON body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// How it is asked.
    pub verb: Verb,
    /// Such as `/admin/accounts/{credential_id}`.
    pub path: &'static str,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Reads; params are in the query.
    Get,
    /// Does something.
    Post,
    /// Sets.
    Put,
    /// Changes a part.
    Patch,
    /// Removes; params are in the query.
    Delete,
}

// === impl Route ===

impl Route {
    /// The names of the params in its path.
    pub fn path_params(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
    }
}

// === impl Verb ===

impl Verb {
    /// As it stands in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Params are in the query rather than in a body.
    #[must_use]
    pub const fn in_query(self) -> bool {
        matches!(self, Self::Get | Self::Delete)
    }
}

pub(super) const fn get(path: &'static str) -> Route {
    Route { verb: Verb::Get, path }
}

pub(super) const fn post(path: &'static str) -> Route {
    Route { verb: Verb::Post, path }
}

pub(super) const fn put(path: &'static str) -> Route {
    Route { verb: Verb::Put, path }
}

pub(super) const fn patch(path: &'static str) -> Route {
    Route { verb: Verb::Patch, path }
}

pub(super) const fn delete(path: &'static str) -> Route {
    Route { verb: Verb::Delete, path }
}
