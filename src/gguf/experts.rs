//! How many weights take part in each token.

use super::{GgufHeader, Tensor};

impl GgufHeader {
    /// How many experts there are and how many of them each token uses; `None` of a model without.
    #[must_use]
    pub fn experts(&self) -> Option<(u64, u64)> {
        let total = self.number("expert_count").filter(|&total| total > 0)?;
        let used = self.number("expert_used_count").unwrap_or(total);
        Some((total, used.min(total)))
    }

    /// Weights that take part in a token: all but those of the experts that it does not use. Of the
    /// table of token embeddings all count, as is the custom.
    #[must_use]
    pub fn active_parameters(&self) -> u64 {
        let Some((total, used)) = self.experts() else {
            return self.parameters;
        };
        let experts = self.table.iter().filter(|tensor| is_expert(tensor));
        let experts = experts.fold(0_u64, |sum, tensor| sum.saturating_add(tensor.elements));
        let idle = u128::from(experts) * u128::from(total - used) / u128::from(total);
        self.parameters
            .saturating_sub(u64::try_from(idle).unwrap_or(u64::MAX))
    }
}

/// Whether a tensor holds one of the experts among which is chosen, or all of them: `ffn_up_exps`, in
/// files before April 2024 `ffn_up.3`. Shared ones (`ffn_up_shexp`) are always used.
fn is_expert(tensor: &Tensor) -> bool {
    let mut parts = tensor.name.split('.');
    let (Some(_), Some(_), Some(part), next) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let numbered = || next.is_some_and(|next| next.parse::<u32>().is_ok());
    part.ends_with("_exps") || part.starts_with("ffn_") && numbered()
}
