//! `pivot`: asks a web server, whose answer takes the place of this flow.
//!
//! Shape: the data of [`PivotData`]; `_` runs where the web server fails, and never else.
//! Sources: `kazoo-pivot.md` 1, 3.2, 8 (A8, A9).

use super::{Field, Node, Session, Step};
use crate::{
    Interrupted,
    pivot::{
        Ask, PivotData,
        schema::{Mode, Report},
    },
};

pub(in crate::pivot) const FIELDS: &[Field] = &[
    Field::url("voice_url").required(),
    Field::one_of("method", &["get", "post", "GET", "POST"]).or_text("get"),
    Field::one_of("req_format", &["kazoo", "twiml"]).or_text("kazoo"),
    Field::one_of("req_body_format", &["form", "json"]).or_text("form"),
    // Its ceiling is the policy's, which may be higher than KAZOO's 5,000.
    Field::integer("req_timeout_ms").at_least(1),
    Field::integer("req_timeout").at_least(1),
    Field::url("cdr_url"),
    Field::flag("debug").or_flag(false),
    Field::flag("skip_module"),
    Field::object("custom_request_headers"),
];

pub(super) async fn run(node: &Node, session: &mut Session<'_>) -> Result<Step, Interrupted> {
    let mut report = Report::new(Mode::Lenient);
    let data = PivotData::of(&node.data, &mut report);
    if let Ok(((), warnings)) = report.finish(()) {
        for warning in warnings {
            session.warn(warning.to_string()).await?;
        }
    }
    Ok(Step::Ask(Ask::of_node(data.shared(), node.otherwise().cloned())))
}
