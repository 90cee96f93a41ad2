#include "CLinux.h"
int sidelight_seed(void){return 0;}
