//! The keys of a fleet file that name routes which ask for more than a valid token.

use toml::Spanned;

use super::file::Checks;
use super::rules::{age_rule, detail_rule, filled, method_rule, path_rule};
use super::tables::Entry;
use crate::conform::Options;

impl Checks<'_> {
    pub(super) fn routes(&mut self, options: Options, entry: &Entry, method: &str) -> Options {
        let options = self.step_up_route(options, entry);
        self.details_route(options, entry, method)
    }

    fn step_up_route(&mut self, options: Options, entry: &Entry) -> Options {
        let path = self.value("step-up-path", entry.step_up_path.as_ref(), |path| path_rule(path));
        let values = self.value("acr-values", entry.acr_values.as_ref(), |values| filled(values));
        let max_age = self.value("max-age", entry.max_age.as_ref(), |age| age_rule(age));
        self.together([
            ("step-up-path", entry.step_up_path.as_ref()),
            ("acr-values", entry.acr_values.as_ref()),
        ]);
        match (path, values) {
            (Some(path), Some(values)) => options.step_up_route(&path, &values, max_age),
            _ => options,
        }
    }

    fn details_route(&mut self, options: Options, entry: &Entry, method: &str) -> Options {
        let path = self.value("details-path", entry.details_path.as_ref(), |path| path_rule(path));
        let detail = self.value("detail", entry.detail.as_ref(), |detail| detail_rule(detail));
        let own_method =
            self.value("details-method", entry.details_method.as_ref(), |method| method_rule(method));
        self.together([("details-path", entry.details_path.as_ref()), ("detail", entry.detail.as_ref())]);
        match (path, detail) {
            (Some(path), Some(detail)) => {
                options.details_route(own_method.as_deref().unwrap_or(method), &path, detail)
            }
            _ => options,
        }
    }

    /// Of two keys, neither says anything alone.
    fn together(&mut self, [one, other]: [(&str, Option<&Spanned<String>>); 2]) {
        for ((key, value), (missing, absent)) in [(one, other), (other, one)] {
            if let (Some(value), None) = (value, absent) {
                self.problem(value.span(), format_args!("{key}: it needs {missing}"));
            }
        }
    }
}
