// keeps the models archive non-empty until its first source lands
