//! What the vectors cover.
