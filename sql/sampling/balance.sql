-- Population and sample by target group. One row per municipality and target group. Parameters: round_id.
SELECT municipality_code, target_group, population_share, sample_share FROM sampling.balance WHERE round_id = :round_id
