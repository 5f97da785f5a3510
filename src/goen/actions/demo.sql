-- name: is_demo$
-- Whether the demo retailer was or may be loaded here: it opened the shops, or there is nobody and nothing yet. Read-only.
select exists (select from audit where anchor = 0 and author = :author and action = 'shop.added')
    or not exists (select from shop) and not exists (select from staff) and not exists (select from member);
