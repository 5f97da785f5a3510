"""Shops: stores and web shops, their API keys, the kept versions of the programme, products and stock.

Owns the tables ``shop``, ``api_key``, ``programme_version``, ``product``, ``stock`` and ``behaviour``. What
changes rarely is held in memory (:mod:`goen.shops.directory`, :mod:`goen.shops.keys`) and read again every
second. Refuses to know what a programme's document means; that belongs to :mod:`goen.earning`.
"""
