//! Draws the pictures of the guide, from what it measures on this machine: where time goes hot and cold, the memory of a
//! server's process against the tenants that it served, and the time of a fleet's migration against the number of
//! tenants. How a query is translated is drawn with the translator's own texts.
//!
//! ```sh
//! cargo bench --bench pictures             # prints the figures, and writes the pictures into target/pictures
//! PICTURES=docs/pictures cargo bench --bench pictures
//! ```
//!
//! `ONLY=fleet` draws one of them: `translation`, `time`, `memory` or `fleet`. All of them take two minutes.

mod bars;
mod drawing;
mod fleet;
mod lines;
mod memory;
mod tenants;
mod time;
mod translation;

use std::{env, fs, path::PathBuf};

#[tokio::main]
async fn main() {
    let folder = PathBuf::from(env::var("PICTURES").unwrap_or_else(|_| "target/pictures".to_owned()));
    fs::create_dir_all(&folder).expect("a folder for the pictures");
    let only = env::var("ONLY").unwrap_or_default();
    for name in ["translation", "time", "memory", "fleet"] {
        if !only.is_empty() && only != name {
            continue;
        }
        let picture = match name {
            "translation" => translation::picture(),
            "time" => time::picture().await,
            "memory" => memory::picture().await,
            _ => fleet::picture().await,
        };
        let path = folder.join(format!("{name}.svg"));
        fs::write(&path, picture).expect("a picture");
        println!("wrote {}", path.display());
    }
}
