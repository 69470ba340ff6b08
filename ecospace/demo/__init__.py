"""The demonstration study of 开平市, and the small sample county: synthetic layers on a boundary, from one seed.

Everything but the boundary of 开平市 is invented and says so in every feature (示例数据，非法定).
"""
