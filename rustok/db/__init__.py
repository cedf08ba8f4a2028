"""The data layer: transactions with a meaning, ids, repositories. No models live here."""
