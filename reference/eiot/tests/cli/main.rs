//! The program `eiot`, from the outside: every command is a process of its own.

mod policy;
mod scene;
mod story;
mod trouble;
