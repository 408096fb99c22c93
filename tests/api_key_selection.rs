//! Key pools through the built binary (seed S0 §13.2).

mod support;

#[path = "api_key_selection/bulk.rs"]
mod bulk;
#[path = "api_key_selection/choice.rs"]
mod choice;
#[path = "scheduler/kit.rs"]
mod kit;
#[path = "api_key_selection/tested.rs"]
mod tested;
