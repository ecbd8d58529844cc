//! eiot
fn main(){}
