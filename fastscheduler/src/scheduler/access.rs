//! Who may use the web interface.

use std::fmt;
use std::sync::Arc;

use super::{Scheduler, SchedulerBuilder, SchedulerError};

/// What is compared and never shown.
#[derive(Clone)]
pub(crate) struct Secret(Arc<str>);

impl Secret {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The least length of a token that is not warned of.
const LEAST_LENGTH: usize = 16;

/// Who may use the web interface: everybody, or those who have a token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) token: Option<Secret>,
    pub(crate) read_only_token: Option<Secret>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) allowed_origins: Vec<String>,
}

impl Access {
    /// Whether nobody needs a token.
    pub(crate) fn is_open(&self) -> bool {
        self.token.is_none() && self.read_only_token.is_none()
    }

    pub(super) fn check(&self) -> Result<(), SchedulerError> {
        let refuse = |name: &str, expected: &str| {
            let (name, expected) = (name.to_owned(), expected.to_owned());
            // Never the value, which may be nearly right.
            Err(SchedulerError::Setting { name, value: "…".to_owned(), expected })
        };
        for (name, token) in [("token", &self.token), ("read_only_token", &self.read_only_token)] {
            let is_sendable =
                |token: &Secret| !token.bytes().is_empty() && token.bytes().iter().all(u8::is_ascii_graphic);
            if !token.as_ref().is_none_or(is_sendable) {
                return refuse(name, "use letters, digits and signs of ASCII, without spaces, at least one");
            }
        }
        let refuse_shown = |name: &str, value: &str, expected: &str| {
            let (name, value) = (name.to_owned(), value.to_owned());
            Err(SchedulerError::Setting { name, value, expected: expected.to_owned() })
        };
        if let Some(host) = self.allowed_hosts.iter().find(|host| *host != "*" && !is_host(host)) {
            let expected = "write a name or an address, such as `jobs.example`, or `*` for any";
            return refuse_shown("allowed_hosts", host, expected);
        }
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            let expected = "write a scheme and a host, such as `https://jobs.example`, and no path";
            return refuse_shown("allowed_origins", origin, expected);
        }
        match (&self.token, &self.read_only_token) {
            (Some(token), Some(read_only)) if token.bytes() == read_only.bytes() => {
                refuse("read_only_token", "it must be another one than `token`")
            }
            _ => Ok(()),
        }
    }

    /// What is allowed and should not be.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let tokens = [("token", &self.token), ("read_only_token", &self.read_only_token)];
        let lengths =
            tokens.into_iter().filter_map(|(name, token)| Some((name, token.as_ref()?.bytes().len())));
        lengths.filter(|(_, length)| *length < LEAST_LENGTH).map(|(name, length)| {
            format!("`{name}` has {length} characters, and might be guessed; use a random one of at least {LEAST_LENGTH}")
        })
    }
}

/// Whether a text is a name or an address, which may have a port.
fn is_host(text: &str) -> bool {
    let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"-._:[]".contains(&sign);
    !text.is_empty() && text.bytes().all(is_sign)
}

/// Whether a text is an origin as browsers send it.
fn is_origin(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, host)| matches!(scheme, "http" | "https") && is_host(host))
}

impl SchedulerBuilder {
    /// The token that callers of the [`web`](crate::web) interface must have,
    /// as `Authorization: Bearer …` or from a browser's login; feature `web`.
    ///
    /// It applies to the scheduler's own server and to
    /// [`web::router`](crate::web::router) alike. Without any token, everybody
    /// who reaches the interface may do everything. Make it long and random: at
    /// least 16 characters, or the start logs a warning. After ten wrong logins
    /// within a minute, each further one is refused only after a second.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder()
    ///     .storage(MemoryStorage::default())
    ///     .http("0.0.0.0:0") // refused without a token
    ///     .token("correct-horse-battery-staple")
    ///     .read_only_token("only-looking-thanks")
    ///     .build()
    ///     .await?;
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.access.token = Some(Secret(token.into().into()));
        self
    }

    /// A token that lets its holder see everything and change nothing; feature
    /// `web`. Without a [`token`](Self::token) beside it, nobody may change
    /// anything through the interface.
    pub fn read_only_token(mut self, token: impl Into<String>) -> Self {
        self.access.read_only_token = Some(Secret(token.into().into()));
        self
    }

    /// Hosts under which the [`web`](crate::web) interface is served without a
    /// token, besides the names and loopback addresses of this machine and, in an
    /// application of your own, any address; feature `web`.
    ///
    /// Without a token, other names are refused: a page of another site could give
    /// itself a name that points here, and its scripts could then do everything. A
    /// host is a name or an address, and with a port it is that port only. `"*"` is
    /// any host, for an application that guards the routes itself. `/healthz` and
    /// `/readyz` are served under any name, and with a token all is.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let builder = Scheduler::builder().storage(MemoryStorage::default());
    /// let scheduler = builder.allowed_hosts(["jobs.internal"]).build().await?;
    /// let application =
    ///     axum::Router::<()>::new().nest_service("/scheduler", fastscheduler::web::router(&scheduler));
    /// # drop(application);
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub fn allowed_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.access.allowed_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Origins from which browsers may ask for changes, besides the one that a
    /// request is sent to; feature `web`.
    ///
    /// A change that a page of another site asks for is refused. Behind a proxy that
    /// replaces the `Host` header, the proxy's own origin looks like another site to
    /// the scheduler; name it here, as browsers see it, or have the proxy keep the
    /// header. An origin is a scheme and a host, with a port if it is not the
    /// scheme's own.
    ///
    /// nginx keeps the header if it is told to; Caddy does so by itself:
    ///
    /// ```text
    /// location /ops/ {
    ///     proxy_pass http://127.0.0.1:8000/scheduler/;
    ///     proxy_set_header Host $http_host;
    ///     proxy_http_version 1.1;
    /// }
    /// ```
    ///
    /// ```text
    /// handle_path /ops/* {
    ///     rewrite * /scheduler{uri}
    ///     reverse_proxy 127.0.0.1:8000
    /// }
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let builder = Scheduler::builder().storage(MemoryStorage::default());
    /// let scheduler = builder
    ///     .http("127.0.0.1:0")
    ///     .token("correct-horse-battery-staple")
    ///     .allowed_origins(["https://jobs.example"])
    ///     .build()
    ///     .await?;
    /// # drop(scheduler);
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub fn allowed_origins(mut self, origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.access.allowed_origins = origins.into_iter().map(Into::into).collect();
        self
    }
}

impl Scheduler {
    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }
}
