//! `set_variables`, also written `set_cav`: variables of the application, which go with every later request.
//!
//! Shape: `custom_application_vars`, anything of JSON by name; `export`: later callees are told of them, where the server is so set. A
//! variable with a plain value can be used by other scripts of the call as well.
//! Errors: what a call cannot hold is told, and nothing of it is set.
//! Sources: `kazoo-pivot.md` 3.3, 4.1, 8 (A31).

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted,
    pivot::session::{MAX_VARIABLES, plain},
    vars::Vars,
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::object("custom_application_vars").or_empty().required(),
    Field::flag("export"),
    Field::flag("skip_module"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let Some(vars) = node.data.object("custom_application_vars") else { return Ok(Step::Next) };
    if !session.state.set_application_vars(vars) {
        session.warn(format!("a call holds at most {MAX_VARIABLES} bytes of variables; these are not set")).await?;
        return Ok(Step::Next);
    }
    for (name, value) in vars {
        if node.data.flag("export") && !session.state.exported.contains(name) {
            session.state.exported.push(name.clone());
        }
        if let Some(value) = plain(value).filter(|_| Vars::is_name(name)) {
            // A call that is full of variables keeps those that it has; the request has this one all the same.
            let _ = session.call.vars.set(name, &value);
        }
    }
    Ok(Step::Next)
}
