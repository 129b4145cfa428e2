//! The caller's voice (VoiceXML 2.0 §2.3.6; `voicexml-customizers.md` 3.8).

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Event, Interpreter, Stop, fia::Visited, queue::RECORDING, transfer::single_keys};
use crate::{
    DigitSet, Record as Op, RecordEnd,
    op::{Beep, Trim},
    vxml::{elements::record::Record, model::Item},
};

/// What is shorter is no recording.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest there is.
const LONGEST: Duration = Duration::from_secs(3_600);

impl Interpreter<'_> {
    pub(super) async fn record(&mut self, item: &Arc<Item>, record: &Record) -> Result<Visited, Stop> {
        self.timeout = None;
        let terminators = if record.by_key { DigitSet::ALL } else { self.own_keys(item).await? };
        self.flush(true).await?;
        let asked = Op {
            beep: if record.beep { Beep::Tone } else { Beep::Silent },
            max_length: record.longest.min(LONGEST),
            end_silence: Some(record.silence),
            min_length: SHORTEST,
            terminators,
            mailbox: None,
            trim: Trim::Nothing,
        };
        let recorded = self.call.record(asked).await?;
        self.rested();
        let Some(id) = recorded.recording else {
            return Err(match recorded.ended_by {
                RecordEnd::HungUp => Event::hangup(),
                RecordEnd::Failed => Event::with("error.noresource", "nothing can be recorded"),
                _ => Event::new("noinput"),
            }
            .into());
        };
        let scope = self.frame.visit.as_ref().map_or(self.session, |visit| visit.scope(&self.frame.chain));
        self.engine.put(scope, &item.name, &json!(format!("{RECORDING}{id}")))?;
        self.keep_item("record", item, &json!(format!("{RECORDING}{id}")))?;
        let key = match recorded.ended_by {
            RecordEnd::Terminator(key) => json!(key.to_string()),
            _ => json!(null),
        };
        let milliseconds = u64::try_from(recorded.length.as_millis()).unwrap_or(u64::MAX);
        let mut shadow = json!({
            "duration": milliseconds,
            // Sixteen bits, eight thousand times a second.
            "size": milliseconds.saturating_mul(16),
            "termchar": key,
            "maxtime": recorded.ended_by == RecordEnd::MaxLength,
        });
        self.show_mark(&mut shadow);
        self.engine.put(scope, &format!("{}$", item.name), &shadow)?;
        match recorded.ended_by {
            RecordEnd::HungUp => Err(Event::hangup().into()),
            _ => Ok(Visited::Filled),
        }
    }

    /// The keys that the item's own grammars take alone: they end a recording that others do not.
    async fn own_keys(&mut self, item: &Arc<Item>) -> Result<DigitSet, Stop> {
        let alone = Arc::new(Item { is_modal: true, links: Vec::new(), ..Item::clone(item) });
        let (active, _) = self.active(&alone).await?;
        Ok(single_keys(&active))
    }
}
