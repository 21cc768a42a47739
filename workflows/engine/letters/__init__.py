"""Dead letters that are alike are one group: told of once, owned by a person, dealt with together."""
