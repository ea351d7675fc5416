"""What each exercise asks for: right formulas and the mistakes that are made with them."""
