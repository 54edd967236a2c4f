// keeps the trainer archive non-empty until its first source lands
