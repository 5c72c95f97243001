"""Exact, planned and learned: where does a choice flip?"""
