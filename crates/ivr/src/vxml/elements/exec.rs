//! Executable content.
//!
//! Shape: [`read`] makes a list of what stands in an element, text as prompts; [`Exec::run`] does one of it.
//! Sources: VoiceXML 2.0 §5.3.

use std::sync::Arc;

use roxmltree::Node;

use super::{
    Reader, assign::Assign, choose::Choose, clear::Clear, data::Data, disconnect::Disconnect, exit::Exit,
    foreach::Foreach, goto::Goto, log::Log, prompt::Prompt, returning::Return, script::Script, speakable,
    submit::Submit, throw::Throw, var::Var,
};
use crate::vxml::{
    contactpro::{element::Element, is_element},
    run::{Flow, Interpreter, Stop},
    wire::{Attributes, Fault, Place},
};

/// A list of executable elements.
pub(crate) type Content = Arc<[Placed]>;

/// An executable element and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) at: Place,
    pub(crate) exec: Exec,
}

/// An executable element.
#[derive(Clone, Debug)]
pub(crate) enum Exec {
    Assign(Assign),
    Choose(Choose),
    Clear(Clear),
    Data(Data),
    Disconnect(Disconnect),
    Exit(Exit),
    Foreach(Foreach),
    Goto(Goto),
    Log(Log),
    Prompt(Prompt),
    Reprompt,
    Return(Return),
    Script(Script),
    Submit(Submit),
    Throw(Throw),
    Var(Var),
    Vendor(Element),
}

/// What stands in an element.
pub(crate) fn read(parent: Node<'_, '_>, reader: &mut Reader) -> Result<Content, Fault> {
    of_nodes(parent.children(), reader)
}

/// The same, of some nodes.
pub(crate) fn of_nodes<'a, 'i: 'a>(
    nodes: impl Iterator<Item = Node<'a, 'i>>,
    reader: &mut Reader,
) -> Result<Content, Fault> {
    let mut content = Vec::new();
    for node in nodes {
        let at = reader.place(node);
        let spoken = speakable::read(node, reader);
        let Some(spoken) = reader.past(spoken)? else { continue };
        if let Some(spoken) = spoken {
            let make = |prompt| Placed { at, exec: Exec::Prompt(prompt) };
            Prompt::add(&mut content, spoken, make, |placed| match &mut placed.exec {
                Exec::Prompt(prompt) => Some(prompt),
                _ => None,
            });
        } else if node.is_element() {
            let read = element(node, reader);
            content.extend(reader.past(read)?.flatten().map(|exec| Placed { at, exec }));
        }
    }
    Ok(content.into())
}

fn element(node: Node<'_, '_>, reader: &mut Reader) -> Result<Option<Exec>, Fault> {
    let from = Attributes(node);
    Ok(Some(match node.tag_name().name() {
        "assign" => Exec::Assign(Assign::read(from)?),
        "if" => Exec::Choose(Choose::read(from, reader)?),
        "clear" => Exec::Clear(Clear::read(from)),
        "data" => Exec::Data(Data::read(from)?),
        "disconnect" => Exec::Disconnect(Disconnect::read(from)?),
        "exit" => Exec::Exit(Exit::read(from)?),
        "foreach" => Exec::Foreach(Foreach::read(from, reader)?),
        "goto" => Exec::Goto(Goto::read(from)?),
        "log" => Exec::Log(Log::read(from, reader)?),
        "prompt" => Exec::Prompt(Prompt::read(from, reader)?),
        "reprompt" => Exec::Reprompt,
        "return" => Exec::Return(Return::read(from)?),
        "script" => Exec::Script(Script::read(from)?),
        "submit" => Exec::Submit(Submit::read(from)?),
        "throw" => Exec::Throw(Throw::read(from)?),
        "var" => Exec::Var(Var::read(from)?),
        name if is_element(name) => Exec::Vendor(Element::read(from, reader)?),
        name => return misplaced(node, name, reader).map(|()| None),
    }))
}

/// The elements of VoiceXML that may stand elsewhere.
const KNOWN: [&str; 35] = [
    "block",
    "catch",
    "choice",
    "dtmf",
    "else",
    "elseif",
    "enumerate",
    "error",
    "example",
    "field",
    "filled",
    "form",
    "grammar",
    "help",
    "initial",
    "item",
    "lexicon",
    "link",
    "menu",
    "meta",
    "metadata",
    "noinput",
    "nomatch",
    "object",
    "one-of",
    "option",
    "param",
    "property",
    "record",
    "rule",
    "ruleref",
    "subdialog",
    "tag",
    "transfer",
    "vxml",
];
/// Executable elements.
const EXECUTABLE: [&str; 15] = [
    "assign",
    "if",
    "clear",
    "data",
    "disconnect",
    "exit",
    "foreach",
    "goto",
    "log",
    "prompt",
    "reprompt",
    "return",
    "script",
    "submit",
    "throw",
];

/// An element that is known is passed over where it means nothing; one that is not makes the page void.
pub(crate) fn misplaced(node: Node<'_, '_>, name: &str, reader: &mut Reader) -> Result<(), Fault> {
    if KNOWN.contains(&name) || EXECUTABLE.contains(&name) || name == "var" || is_element(name) || name == "timeout" {
        reader.warn(node, "means nothing here");
        return Ok(());
    }
    let from = Attributes(node);
    Err(from.fault("there is no such element"))
}

impl Exec {
    /// Does it.
    pub(crate) async fn run(&self, interpreter: &mut Interpreter<'_>) -> Result<Flow, Stop> {
        match self {
            Self::Assign(assign) => assign.run(interpreter),
            Self::Choose(choose) => choose.run(interpreter).await,
            Self::Clear(clear) => clear.run(interpreter),
            Self::Data(data) => data.run(interpreter).await,
            Self::Disconnect(disconnect) => disconnect.run(interpreter).await,
            Self::Exit(exit) => exit.run(interpreter),
            Self::Foreach(foreach) => foreach.run(interpreter).await,
            Self::Goto(goto) => goto.run(interpreter).await,
            Self::Log(log) => log.run(interpreter).await,
            Self::Prompt(prompt) => interpreter.queue(prompt).await.map(|()| Flow::On),
            Self::Reprompt => {
                interpreter.reprompted = true;
                Ok(Flow::On)
            }
            Self::Return(returning) => returning.run(interpreter),
            Self::Script(script) => script.run(interpreter).await.map(|()| Flow::On),
            Self::Submit(submit) => submit.run(interpreter).await,
            Self::Throw(throw) => throw.run(interpreter),
            Self::Var(var) => var.run(interpreter).map(|()| Flow::On),
            Self::Vendor(element) => Box::pin(element.run(interpreter)).await,
        }
    }
}
