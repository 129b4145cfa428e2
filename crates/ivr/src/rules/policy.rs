//! How menus run where their vendor's documentation leaves a choice.
//!
//! Shape: one flag a choice; the default is what serves most menus.
//! Sources: `ringme-ivr.md` 3.4 (`eager_match`), 3.6 (`strict_final`, `transfer_timeout_falls_through`).

/// The choices.
#[derive(Copy, Clone, Eq, PartialEq, Default, Debug)]
pub struct Policy {
    /// A performed rule that is `final` ends its option, whatever it did; what follows is the wait for a digit. Otherwise `final` is
    /// a matter of transfers.
    pub strict_final: bool,
    /// A transfer that rang out goes on with the next rule, also where it is `final`.
    pub transfer_timeout_falls_through: bool,
    /// An input is complete as soon as no option is longer, where a caller may not dial internal numbers.
    pub eager_match: bool,
}
