int sidelight_seed(void);
