/// What to do about texts that name a schema and can't be changed to its new name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::lifecycle) enum Texts {
    /// The operation fails, and the error lists the texts.
    #[default]
    Refuse,
    /// The texts are left unchanged.
    Leave,
}
