//! One file for each command.

pub(crate) mod caps;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod entity;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod feedback;
pub(crate) mod flow;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod secret;
pub(crate) mod serve;
pub(crate) mod submit;
pub(crate) mod try_it;
pub(crate) mod verify;

use serde_json::Value;

use crate::console::say;
use crate::table::Table;

/// Prints items as the API shows them: one a line as JSON, or as a table of these columns.
fn print_list<const N: usize>(
    json: bool,
    items: &[Value],
    columns: [(&'static str, usize); N],
    cells: impl Fn(&Value) -> [String; N],
) {
    if json {
        items.iter().for_each(|item| say(&item.to_string()));
    } else {
        let rows = items.iter().map(cells).collect();
        Table::new(columns).lines(rows).iter().for_each(|line| say(line));
    }
}

/// A member of an item, in words.
fn member(item: &Value, key: &str) -> String {
    match &item[key] {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            words.join(" ")
        }
        other @ (Value::Number(_) | Value::Object(_)) => other.to_string(),
    }
}
