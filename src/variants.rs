//! Enums that know all of their variants.

/// Writes the enum, and with it `ALL`, the list of its variants in their order: none can be left out.
macro_rules! with_all_variants {
    (
        $(#[$about:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$about_variant:meta])* $variant:ident,)+
        }
        $(#[$about_all:meta])*
        $all_visibility:vis const ALL;
    ) => {
        $(#[$about])*
        $visibility enum $name {
            $($(#[$about_variant])* $variant,)+
        }

        impl $name {
            $(#[$about_all])*
            $all_visibility const ALL: [Self; [$(stringify!($variant)),+].len()] = [$(Self::$variant),+];
        }
    };
}

pub(crate) use with_all_variants;
