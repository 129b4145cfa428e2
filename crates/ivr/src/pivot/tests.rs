//! What Pivot does as a whole, where no specification shows it.
