"""Exact beside planned beside learned: where does a choice flip?"""
