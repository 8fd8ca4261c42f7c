"""Conversations as sources: exports of chats and mail, one document a session, one line a turn."""
