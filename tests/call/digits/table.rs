//! The table in `docs/digits.md`, which says what the cells say.
//!
//! Shape: a list of ways and faults for each state, each with its outcome. `UPDATE_DOCS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use super::{WAYS, cells};

const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- end of the table -->\n";

fn table() -> String {
    let mut text = format!("{} cells, each a whole call.\n\n", cells().len());
    for way in WAYS {
        let names: Vec<_> = way.states.iter().map(|state| state.name()).collect();
        let _ = write!(
            text,
            "### {}\n\n| fault | {} |\n|---|{}\n",
            way.name,
            names.join(" | "),
            "---|".repeat(names.len())
        );
        for fault in way.faults {
            let outcomes: Vec<_> = way.states.iter().map(|state| state.outcome(*fault)).collect();
            let _ = writeln!(text, "| {} | {} |", fault.name(), outcomes.join(" | "));
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_documented_table_is_the_one_that_is_tested() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/digits.md");
    let text = std::fs::read_to_string(&file).expect("docs/digits.md is there");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (documented, after) = rest.split_once(END).expect("the table ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{}{END}{after}", table())).expect("docs can be written");
        return;
    }
    assert_eq!(documented, table(), "UPDATE_DOCS=1 writes it anew");
}
