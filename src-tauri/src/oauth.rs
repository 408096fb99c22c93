//! oauth: being written.
