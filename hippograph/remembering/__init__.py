"""Remembering: short texts of agents and chats, kept as documents whose time is closed and whose words stay."""
