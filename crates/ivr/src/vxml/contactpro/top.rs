//! What stands at the top of a document beside forms and menus: each is a dialog of one item, entered in its turn.
//!
//! Sources: `voicexml-customizers.md` 1.2, 1.6.

use super::{element::Element, is_element};
use crate::vxml::{
    elements::{Reader, exec, form, item},
    model::{Dialog, Item, Kind},
    wire::{Attributes, Fault, is_name},
};

/// A block or vendor element at the top; `None` for any other element.
pub(crate) fn read(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Option<Dialog>, Fault> {
    let name = from.0.tag_name().name();
    let item = match name {
        "block" => block(from, reader)?,
        name if is_element(name) => control(from, reader)?,
        _ => return Ok(None),
    };
    let mut dialog = form::bare(from)?;
    dialog.id = item.is_named.then(|| item.name.clone());
    dialog.add(item);
    Ok(Some(dialog))
}

/// A block, which may call its name an id.
pub(crate) fn block(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Item, Fault> {
    let content = exec::read(from.0, reader)?;
    let bare = item::bare(from, Kind::Block(content), reader)?;
    Ok(named(bare, from.get("id")))
}

/// A query as an item: visited once, and again when its result is cleared.
pub(crate) fn control(from: Attributes<'_, '_>, reader: &mut Reader) -> Result<Item, Fault> {
    let element = Element::read(from, reader)?;
    let id = element.id().map(str::to_owned);
    let bare = item::unnamed(from, Kind::Control(element), reader);
    Ok(named(bare, id.as_deref()))
}

fn named(item: Item, id: Option<&str>) -> Item {
    match id.filter(|id| !item.is_named && is_name(id)) {
        Some(id) => Item { name: id.to_owned(), slot: id.to_owned(), is_named: true, ..item },
        None => item,
    }
}
