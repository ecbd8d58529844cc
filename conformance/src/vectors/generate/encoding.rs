//! Keys, signatures, sealed records and statements, whatever they say.

use serde_json::json;

use super::super::Result;
use super::super::file::File;
use super::builder::{Builder, hexed};
use super::messages::bad_points;
use super::world::World;

/// `key-id`.
pub fn key_id(world: &World) -> Result<File> {
    let mut b = Builder::new("key-id");
    let input = |point: &[u8]| json!({ "point": hexed(point) });
    b.about(&["SPEC#primitives"], &["Valid"]);
    let good = *world.member.public().as_bytes();
    let hash = encryptediot::crypto::sha256(&good);
    let id = json!({ "id": hexed(&hash[..16]) });
    b.accept_as("good", "a point on the curve", input(&good), id);
    let zero = "0400000000000000000000000000000000000000000000000000000000000000006648\
                5c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    b.flag("Edge");
    b.accept(
        "x-is-0",
        "x = 0 is a point like any other",
        json!({ "point": zero }),
    );
    b.flag("InvalidKey");
    for (name, comment, point) in bad_points(&good) {
        b.reject(name, comment, input(&point), "invalid-key");
    }
    b.finish()
}
