// keeps the parallel archive non-empty until its first source lands
