//! Specifications of whole calls, and the laws of the tree.
