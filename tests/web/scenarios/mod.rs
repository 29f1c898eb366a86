pub mod handlers;
pub mod headers;
pub mod hosts;
pub mod load;
pub mod logs;
pub mod names;
pub mod rejections;
