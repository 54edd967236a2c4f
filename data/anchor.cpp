// keeps the data archive non-empty until its first source lands
