"""Evaluates predictions of any origin against a data set, without a store or a flow run."""
