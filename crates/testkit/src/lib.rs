//! A virtual network and a simulated phone, for tests.
