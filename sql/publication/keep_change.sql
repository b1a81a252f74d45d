-- Keep which figure a decision changed, from what to what. One row per figure.
-- Parameters: decision_id, municipality_code, figure_id, state_before, state_after, value_before, value_after,
-- valid_n_before, valid_n_after.
INSERT INTO publication.change (decision_id, municipality_code, figure_id, state_before, state_after, value_before,
                                value_after, valid_n_before, valid_n_after)
VALUES (:decision_id, :municipality_code, :figure_id, :state_before, :state_after, :value_before, :value_after,
        :valid_n_before, :valid_n_after)
