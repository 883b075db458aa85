//! A source with all that its catalogue says of it, beyond what a prediction needs.

use std::sync::Arc;

use super::polarization;
use crate::sky::Component;

/// A source: what is predicted, and what else its row says.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What is predicted; linear polarisation given as strength and angle is not in its Q and U.
    pub component: Component,
    /// The rest.
    pub details: Details,
}

impl Record {
    /// What is predicted, linear polarisation in its Q and U if that is wanted, and whether its spectrum is assumed.
    pub fn into_component(self, polarization: bool) -> (Component, bool) {
        let Record { mut component, details } = self;
        if let (true, Some(strength), Some(angle)) =
            (polarization, details.polarised, details.polarisation_angle)
        {
            (component.stokes.q, component.stokes.u) = polarization::linear(strength, angle);
        }
        (component, !details.own_spectrum)
    }
}

/// What a row says beyond a component. Nothing is there that the row, or its format, does not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Details {
    /// The survey.
    pub survey: Option<Arc<str>>,
    /// Whether the row gives the terms of its spectrum, rather than taking the spectral index of all.
    pub own_spectrum: bool,
    /// The frequency of the flux density [Hz].
    pub reference: Option<f64>,
    /// Whether the row itself gives that frequency, rather than its survey or the reader's options.
    pub own_reference: bool,
    /// Whether the row says whose north its position angle counts from.
    pub own_angle_frame: bool,
    /// Upper limits of the major and the minor axis [rad], where they are not resolved.
    pub limits: [Option<f64>; 2],
    /// Strength of linear polarisation [Jy]; may be negative, its noise's share being subtracted.
    pub polarised: Option<f64>,
    /// Its position angle [rad].
    pub polarisation_angle: Option<f64>,
    /// Standard errors.
    pub errors: Errors,
}

/// Standard errors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Of longitude, along the sky, and of latitude [rad].
    pub position: [Option<f64>; 2],
    /// Of the flux density [Jy].
    pub flux: Option<f64>,
    /// Of the major axis [rad].
    pub major: Option<f64>,
    /// Of the minor axis [rad].
    pub minor: Option<f64>,
    /// Of the position angle [rad].
    pub angle: Option<f64>,
    /// Of the strength of polarisation [Jy].
    pub polarised: Option<f64>,
    /// Of the angle of polarisation [rad].
    pub polarisation_angle: Option<f64>,
}

impl Details {
    /// The details of a row that says nothing beyond `component`, whose spectrum is that of all.
    pub(super) fn of(component: &Component) -> Self {
        Details { reference: component.spectrum.reference(), ..Details::default() }
    }

    /// The details of a component of a sky model, whose spectrum is its own or not, as is the spectrum's reference.
    pub(super) fn of_model(component: &Component, own_spectrum: bool) -> Self {
        let own_reference = component.spectrum.reference().is_some();
        Details { own_spectrum, own_reference, ..Details::of(component) }
    }
}
