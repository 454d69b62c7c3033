"""Elder subsidies: 高龄津贴 and 养老服务补贴, from the proposal to the monthly batch (E-25)."""
