//! All that a child of this program may be asked to do.

use anyhow::{Result, bail};

use crate::child::{self, Task as _};
use crate::footprint::Idle;
use crate::json::{creates, load, prepare, start};
use crate::rest::{clients, server};
use crate::scale::{life, plain, prepare as scale};
use crate::{dispatch, streams};

/// Does the task of that name.
pub(crate) fn answer(name: &str, task: &str) -> Result<()> {
    match name {
        dispatch::Load::NAME => child::answer::<dispatch::Load>(task),
        Idle::NAME => child::answer::<Idle>(task),
        streams::Clients::NAME => child::answer::<streams::Clients>(task),
        prepare::Plan::NAME => child::answer::<prepare::Plan>(task),
        load::Load::NAME => child::answer::<load::Load>(task),
        start::Stored::NAME => child::answer::<start::Stored>(task),
        creates::Load::NAME => child::answer::<creates::Load>(task),
        server::Load::NAME => child::answer::<server::Load>(task),
        clients::Requests::NAME => child::answer::<clients::Requests>(task),
        scale::Plan::NAME => child::answer::<scale::Plan>(task),
        life::Lived::NAME => child::answer::<life::Lived>(task),
        plain::Files::NAME => child::answer::<plain::Files>(task),
        _ => bail!("`{name}` is no task of this program"),
    }
}
