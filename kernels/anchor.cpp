// keeps the kernels archive non-empty until its first source lands
