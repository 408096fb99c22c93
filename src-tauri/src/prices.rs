//! What a request costs.
//!
//! Owns: the one computation of a cost, from tokens and the configured prices.
//! Must not know: who pays, what is kept.

use droid_protocol::event::Usage;

use crate::config::{Config, Price};
use crate::models;

/// What these tokens of a model cost, in billionths of a dollar; 0 where the model has no price. Of
/// the patterns that fit a model the longest counts.
#[must_use]
pub fn cost(config: &Config, model: &str, usage: &Usage) -> u64 {
    let model = model.to_ascii_lowercase();
    let fitting = config.prices.iter().filter(|(pattern, _)| models::fits(pattern, &model));
    let Some((_, price)) = fitting.max_by_key(|(pattern, _)| pattern.len()) else { return 0 };
    of(price, usage)
}

fn of(price: &Price, usage: &Usage) -> u64 {
    // Reasoning is part of the output.
    let millionths_of_billionths: u128 = [
        (usage.input_tokens, price.input),
        (usage.output_tokens, price.output),
        (usage.cache_write_5m_tokens, price.cache_write_5m),
        (usage.cache_write_1h_tokens, price.cache_write_1h),
        (usage.cache_read_tokens, price.cache_read),
    ]
    .into_iter()
    .map(|(tokens, price)| u128::from(tokens) * u128::from(price))
    .sum();
    // A millionth of a dollar for a million tokens is a thousandth of a billionth for one.
    u64::try_from(millionths_of_billionths / 1000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_token_has_its_price_and_the_closest_pattern_counts() {
        let mut config = Config::default();
        let price = |input| Price {
            input,
            output: 15_000_000,
            cache_write_5m: 3_750_000,
            cache_write_1h: 6_000_000,
            cache_read: 300_000,
        };
        config.prices = [("claude*", price(9_000_000)), ("claude-sonnet-4*", price(3_000_000))]
            .map(|(pattern, price)| (pattern.to_owned(), price))
            .into();
        let million = Usage {
            input_tokens: 1_000_000,
            output_tokens: 1_000_000,
            cache_read_tokens: 1_000_000,
            cache_write_5m_tokens: 1_000_000,
            cache_write_1h_tokens: 1_000_000,
            reasoning_tokens: 500_000,
        };
        let dollars = 1_000_000_000;
        assert_eq!(
            cost(&config, "Claude-Sonnet-4-20250514", &million),
            28 * dollars + dollars / 20
        );
        assert_eq!(cost(&config, "claude-opus-4", &million), 34 * dollars + dollars / 20);
        assert_eq!(cost(&config, "no-price", &million), 0);
        let one = Usage { cache_read_tokens: 1, ..Usage::default() };
        assert_eq!(cost(&config, "claude-opus-4", &one), 300);
    }
}
