"""Networks that other papers' tables quote, built so that what the tables say of their cost can be counted."""
