//! Named callflows.
//!
//! Errors: a callflow that cannot run is refused, with everything that is wrong in it.
//! Sources: `kazoo-pivot.md` 3.4, 4.1 (callflow).

use std::sync::Arc;

use antiphon_ivr::pivot::{Mode, Node, Warning};
use antiphon_ivr::rules::wire::FieldError;
use serde_json::Value;

use super::super::model::ClientId;
use super::super::pivot::{Flow, FlowId, field};
use super::super::writer::{Change, Edit, signed, unsigned};
use super::super::{Config, Missing, Rejected, Taken, limits};
use super::fields::Fields;
use super::{all_of, json};

/// Makes a named callflow.
#[derive(Debug)]
pub struct CreateFlow {
    /// Whose it will be.
    pub client: ClientId,
    /// The request: `name` and `flow`.
    pub body: Value,
}

/// Changes a named callflow. Calls that run it go on with what it was.
#[derive(Debug)]
pub struct UpdateFlow {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: FlowId,
    /// The request: any subset of the fields.
    pub body: Value,
}

/// Removes a named callflow.
#[derive(Debug)]
pub struct DeleteFlow {
    /// Whose it is.
    pub client: ClientId,
    /// Which.
    pub id: FlowId,
}

/// A callflow that was written, and what was put right in it.
#[derive(Debug)]
pub struct WrittenFlow {
    /// The callflow.
    pub flow: Arc<Flow>,
    /// What was put right.
    pub warnings: Vec<Warning>,
}

/// What a request says, over what is there.
struct Read {
    name: String,
    written: Value,
    runs: Arc<Node>,
    warnings: Vec<Warning>,
}

fn read(body: &Value, old: Option<&Flow>) -> Result<Read, Rejected> {
    let mut fields = Fields::of(body)?;
    let mut name = old.map(|old| old.name.clone());
    fields.text("name", &mut name);
    let name = name.filter(|name| !name.trim().is_empty());
    if name.is_none() {
        fields.refuse_missing("name");
    }
    let written = body.get("flow").or(old.map(|old| &old.written)).cloned();
    let checked = match &written {
        Some(written) => Node::read(written, Mode::Lenient)
            .map_err(|problems| problems.iter().map(|problem| field("flow", problem)).collect()),
        None => Err(vec![FieldError::required("flow")]),
    };
    let (runs, warnings) = all_of(fields.problems(), checked)?;
    Ok(Read { name: name.unwrap_or_default(), written: written.unwrap_or_default(), runs, warnings })
}

fn flow_of(config: &Config, client: ClientId, id: FlowId) -> Result<&Arc<Flow>, Missing> {
    config.flow(client, id).ok_or(Missing::Flow)
}

fn is_free(config: &Config, client: ClientId, name: &str, own: Option<FlowId>) -> Result<(), Taken> {
    match config.flow_named(client, name).filter(|flow| Some(flow.id) != own) {
        Some(_) => Err(Taken::FlowName(name.to_owned())),
        None => Ok(()),
    }
}

impl Change for CreateFlow {
    type Answer = WrittenFlow;

    fn apply(self, edit: &mut Edit<'_>) -> Result<WrittenFlow, Rejected> {
        edit.config().client(self.client).ok_or(Missing::Client)?;
        let Read { name, written, runs, warnings } = read(&self.body, None)?;
        is_free(edit.config(), self.client, &name, None)?;
        let most = limits::FLOWS_OF_A_CLIENT;
        if edit.config().flows(self.client).count() >= most {
            return Err(Rejected::Full { table: "flows", most });
        }
        let query = "INSERT INTO flow (client, name, body) VALUES (?1, ?2, ?3)";
        edit.transaction.prepare_cached(query)?.execute((signed(self.client.0), &name, json(&written)))?;
        let id = FlowId(unsigned(edit.transaction.last_insert_rowid()));
        let flow = edit.draft().put_flow(Flow { id, client: self.client, name, written, runs });
        Ok(WrittenFlow { flow, warnings })
    }
}

impl Change for UpdateFlow {
    type Answer = WrittenFlow;

    fn apply(self, edit: &mut Edit<'_>) -> Result<WrittenFlow, Rejected> {
        let (client, id) = (self.client, self.id);
        let old = flow_of(edit.config(), client, id)?;
        let Read { name, written, runs, warnings } = read(&self.body, Some(old))?;
        is_free(edit.config(), client, &name, Some(id))?;
        let query = "UPDATE flow SET name = ?2, body = ?3 WHERE id = ?1";
        edit.transaction.prepare_cached(query)?.execute((signed(id.0), &name, json(&written)))?;
        let flow = edit.draft().put_flow(Flow { id, client, name, written, runs });
        Ok(WrittenFlow { flow, warnings })
    }
}

impl Change for DeleteFlow {
    type Answer = ();

    fn apply(self, edit: &mut Edit<'_>) -> Result<(), Rejected> {
        flow_of(edit.config(), self.client, self.id)?;
        edit.transaction.prepare_cached("DELETE FROM flow WHERE id = ?1")?.execute([signed(self.id.0)])?;
        edit.draft().remove_flow(self.client, self.id);
        Ok(())
    }
}
