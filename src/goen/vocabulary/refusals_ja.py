"""What refusals say in Japanese: one table, by code.

The English sentence stands where something is refused; here is its Japanese. A row may be narrower than its code: by
what the refusal's ``reason``, ``state`` or ``status`` holds (``claim_not_possible.too_late``). ``{name}`` is a field of
the refusal. Where a code is refused with and without such fields, a row has several sentences, the fullest first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goen.vocabulary.refusal import Refusal
from goen.vocabulary.requests_ja import said

#: The fields that tell refusals of one code apart.
_NARROWS = ("reason", "state", "status")

SENTENCES: Mapping[str, str | tuple[str, ...]] = {
    "refused": "この操作は受け付けられません。",
    "invalid_request": "入力内容に誤りがあります。",
    "missing_idempotency_key": "この操作には Idempotency-Key が必要です。任意の文字列を付けて送ってください。",
    "setting_refused": ("設定 {setting} の値が正しくありません。", "設定の値が正しくありません。"),
    "backup_refused": "バックアップまたは復元ができません。",
    # Who and what is meant.
    "unknown_member": "該当する会員が見つかりません。",
    "unknown_shop": ("店舗「{shop}」は登録されていません。", "該当する店舗がありません。"),
    "unknown_purchase": "該当するお買い上げ（レシート）が見つかりません。",
    "unknown_product": ("商品「{sku}」は登録されていません。", "該当する商品がありません。"),
    "unknown_hold": "該当するポイントの利用予約がありません。",
    "unknown_identifier": "この会員には、該当するカード番号や連絡先が登録されていません。",
    "unknown_device": "この端末はログアウト済みか、登録がありません。",
    "unknown_endpoint": "該当するWebhook送信先がありません。",
    "unknown_key": ("有効なAPIキー「{name}」がありません。", "該当する有効なAPIキーがありません。"),
    "unknown_import": "この番号の取り込みはありません。",
    "unknown_campaign": ("キャンペーン「{campaign}」はありません。", "該当するキャンペーンがありません。"),
    "unknown_staff": ("ログイン名「{login}」のスタッフはいません。", "該当するスタッフがいません。"),
    "unknown_coupon": ("クーポン「{coupon}」はありません。", "該当するクーポンがありません。"),
    "unknown_coupon_kind": ("クーポンの種類「{kind}」はありません。", "該当するクーポンの種類がありません。"),
    "empty_segment": (
        "セグメント「{segment}」に、クーポンを受け取れる会員がいません。",
        "このセグメントに、クーポンを受け取れる会員がいません。",
    ),
    "unknown_tier_programme": "該当するランク制度がありません。",
    "unknown_reward": ("特典「{reward}」はありません。", "該当する特典がありません。"),
    "unknown_reward_order": "該当する特典の申込がありません。",
    "unknown_standing_rule": ("常設特典「{rule}」はありません。", "該当する常設特典がありません。"),
    "unknown_draw": ("抽選「{draw}」はありません。", "該当する抽選がありません。"),
    "unknown_review": "該当する重複候補がありません。その後の照合で取り下げられた可能性があります。",
    "unknown_household": "該当する家族会員がないか、この会員は家族会員に入っていません。",
    "unknown_merge": "該当する会員統合はありません。",
    "unknown_terms": "該当する会員規約がありません。",
    "unknown_wording": "この目的の文面に、その版は登録されていません。",
    "unknown_request": "該当する依頼が見つかりません。",
    "not_found": "お探しのものが見つかりません。",
    "ambiguous_member": "該当する会員が複数います。お客様に確認し、会員番号で指定してください。",
    # Who may.
    "unauthorized": "APIキーがないか、登録されていません。",
    "forbidden": ("この操作は許可されていません（キーの役割：{role}）。", "この操作は許可されていません。"),
    "sign_in_refused": "ログイン名・パスワード、またはコードが正しくありません。",
    "sign_in_locked": "誤りが続いたため、15分間ログインできません。",
    "terminal_code_refused": "この端末登録コードは使えません。管理画面で新しいコードを発行してください。",
    "staff_exists": ("ログイン名「{login}」はすでに使われています。", "このログイン名はすでに使われています。"),
    "adjustment_limit": (
        "担当者が手で動かせるのは1日{per_day:,}ポイントまでです。本日はすでに{moved:,}ポイントを動かしています。",
        "担当者が1日に動かせるポイント数を超えています。",
    ),
    "second_person_needed": "作成・変更した人とは別の人の承認が必要です。",
    "proof_required": (
        "このポイント数の利用には確認が必要です（確認なしで使えるのは1日{per_day:,}ポイントまで、本日利用済み{spent_today:,}"
        "ポイント）。スマートフォンのコード、暗証番号、または店員による確認をお願いします。",
        "この利用には、スマートフォンのコード、暗証番号、または店員による確認が必要です。",
    ),
    "proof_required.code_used": "このコードは使用済みです。スマートフォンに次のコードが表示されるまでお待ちください。",
    "proof_required.pin_locked": "暗証番号の誤りが続いたため、しばらく使えません。別の方法で確認してください。",
    "no_agreement": "連絡先は確認できましたが、生年月日・フリガナ・カード番号が一致する会員がひとりに決まりません。",
    "code_not_valid": "認証コードが正しくないか、有効期限が切れています。必要なら新しいコードを請求してください。",
    "no_contact": "この会員には、認証コードを送れる電話番号・メールアドレスが登録されていません。",
    "sender_missing": "この宛先に送信する手段が設定されていません。",
    "line_not_set_up": "LINEログインのチャネルが設定されていません。",
    "line_unavailable": "現在LINEに接続できません。時間をおいてもう一度お試しください。",
    # Members.
    "identifier_taken": "すでに別の会員が使っています。",
    "card_retired": "このカードは切り替え済みのため、使えません。",
    "member_withdrawn": "退会済みの会員です。",
    "member_frozen": "凍結中の会員です。統合するには、先に凍結を解除してください。",
    "survivor_provisional": "統合先が本登録前の会員です。本登録済みの会員へ統合してください。",
    "merge_undone": "この会員統合は、すでに取り消されています。",
    "merge_order": "統合先の会員がその後さらに統合されています。新しい統合から順に取り消してください。",
    "review_decided": "この重複候補は、すでに判断済みです。",
    "household_state": "家族会員または会員の状態により、この操作はできません。",
    "household_state.in_household": "この会員は、すでに家族会員に入っています。",
    "household_state.not_active": "家族会員に入れるのは、本登録済みで凍結されていない会員だけです。",
    "household_state.in_debt": "ポイントがマイナスの会員は、家族会員に入れません。",
    "household_state.not_invited": "この会員は招待されていないか、すでに回答済みです。",
    "household_state.not_joined": "この会員は家族会員に入っていないか、すでに抜けています。",
    "household_state.head_stays": "代表者は、代表を引き継ぐか家族会員を解散してから抜けてください。",
    "household_state.open_orders": "家族会員に未完了の注文、利用予約、またはマイナスのポイントが残っています。",
    "household_state.closed": "この家族会員は解散済みです。",
    "wording_exists": "この版は別の文面で登録済みです。文面を変えるときは新しい版にしてください。",
    "terms_exist": "この版の会員規約は、別の内容で公開済みです。変更するときは新しい版にしてください。",
    "terms_hold": "適用中の会員規約は取り下げられません。変更するときは新しい版を公開してください。",
    "balance_exists": (
        "この会員の期首残高は、取り込み{import_id}で登録済みです。",
        "この会員の期首残高は登録済みです。",
    ),
    # Points and sales.
    "not_enough_points": (
        "利用できるポイントが足りません（必要{asked:,}ポイント、残り{available:,}ポイント）。",
        "利用できるポイントが足りません。",
    ),
    "use_limit": (
        "ポイントは{min:,}ポイントから{unit:,}ポイント単位、このお会計では{max:,}ポイントまで使えます。",
        "ポイントの利用は、規定の最低数・単位・上限の範囲でのみ行えます。",
    ),
    "spending_blocked": (
        "返品によりポイントが{debt:,}ポイント不足しているため、不足分が付くまで利用できません。",
        "この会員のポイント利用は止められています。",
    ),
    "spending_blocked.frozen": "会員が凍結中のため、ポイントを利用できません。",
    "spending_blocked.not_registered": "ポイントは本登録後に利用できます。",
    "spending_blocked.household": "家族会員の代表者が、この会員のポイント利用を許可していません。",
    "conflict": "同じキーで、内容の異なる要求がすでに処理されています。",
    "hold_state": "このポイントの利用予約は、すでに終了しています。",
    "purchase_state": "このお買い上げは、現在この操作ができる状態にありません。",
    "purchase_state.cancelled": "このお買い上げは取り消し済みです。",
    "purchase_state.completed": "このお買い上げは完了済みです。",
    "purchase_state.placed": "この注文はまだ完了していません。",
    "return_exceeds_purchase": (
        "明細{line}：返品できる残り（{remaining}）を超えています（指定：{asked}）。",
        "購入した数量を超える返品はできません。",
    ),
    "claim_not_possible": "このレシートまたはカードは登録できません。",
    "claim_not_possible.already_attached": "このレシートは、すでに会員に登録されています。",
    "claim_not_possible.cancelled": "このお買い上げは取り消し済みです。",
    "claim_not_possible.returned": "返品された商品が含まれるレシートです。",
    "claim_not_possible.too_late": "レシートを登録できる期間を過ぎています。",
    "claim_not_possible.too_many_cards": "登録できる紙のカードの枚数を超えています。",
    "claim_not_possible.card_of_another": "このカードは、別の会員が使っています。",
    "claim_not_possible.balance_known": "このカードの残高は登録されています。残高は入力しないでください。",
    "claim_not_possible.open_orders": "このカードに、未完了の注文、利用予約、またはマイナスのポイントが残っています。",
    "claim_not_possible.above_limit": (
        "券面残高が{max:,}ポイントを超えるカードには、承認が必要です。",
        "券面残高が上限を超えています。承認が必要です。",
    ),
    "claim_not_possible.already_claimed": "このカードは、すでに切り替え済みです。",
    "hidden_sale_closed": "会員限定販売の商品が含まれているため、このお客様のご注文は承れません。",
    "request_state": "この依頼は、すでに判断されています。",
    # Coupons, rewards, campaigns.
    "coupon_not_usable": (
        "クーポン「{coupon}」は、このお会計では使えません。",
        "このクーポンは、このお会計では使えません。",
    ),
    "coupon_not_usable.named_twice": "クーポン「{coupon}」が2回指定されています。",
    "coupon_not_usable.unknown_coupon": "クーポン「{coupon}」はありません。",
    "coupon_not_usable.stopped": "クーポン「{coupon}」は停止されています。",
    "coupon_not_usable.void": "クーポン「{coupon}」は無効です。",
    "coupon_not_usable.not_yet": "クーポン「{coupon}」は、まだ利用開始前です。",
    "coupon_not_usable.expired": "クーポン「{coupon}」は有効期限が切れています。",
    "coupon_not_usable.used": "クーポン「{coupon}」は使用済みです。",
    "coupon_not_usable.used_up": "クーポン「{coupon}」は、利用総数が上限に達しました。",
    "coupon_not_usable.member_limit": "クーポン「{coupon}」は、おひとり様の利用回数の上限に達しています。",
    "coupon_not_usable.nothing_to_reduce": "クーポン「{coupon}」で割り引く金額がありません。",
    "coupon_not_usable.not_this_day": "クーポン「{coupon}」は、本日は対象外です。",
    "coupon_not_usable.not_this_hour": "クーポン「{coupon}」は、この時間帯は対象外です。",
    "coupon_not_usable.not_this_shop": "クーポン「{coupon}」は、この店舗では使えません。",
    "coupon_not_usable.needs_member": "クーポン「{coupon}」は会員限定です。会員証をご提示ください。",
    "coupon_not_usable.not_this_member": "クーポン「{coupon}」は、このお客様にはお使いいただけません。",
    "coupon_not_usable.no_matching_goods": "クーポン「{coupon}」の対象商品がありません。",
    "coupon_not_usable.below_amount": (
        "クーポン「{coupon}」の利用に必要な金額に、あと{missing:,}足りません。",
        "クーポン「{coupon}」の利用に必要な金額に達していません。",
    ),
    "coupon_not_usable.above_amount": "クーポン「{coupon}」は、{up_to:,}を超えるお買い上げには使えません。",
    "coupon_not_usable.below_quantity": "クーポン「{coupon}」の利用に必要な点数に達していません。",
    "coupon_not_usable.not_with_coupons": "クーポン「{coupon}」は、ほかのクーポンと併用できません。",
    "coupon_kind_exists": (
        "クーポンの種類「{kind}」はすでにあります。",
        "このコードのクーポンの種類はすでにあります。",
    ),
    "coupon_code_taken": (
        "公開コード「{coupon}」は、ほかのクーポンで使われています。",
        "この公開コードは使われています。",
    ),
    "coupon_batch_differs": (
        "発行「{batch}」は、異なる内容ですでに行われています。",
        "同じ名前の発行が異なる内容で行われています。",
    ),
    "coupon_kind_stopped": ("クーポンの種類「{kind}」は停止されています。", "このクーポンは停止されています。"),
    "reward_not_available": "この特典は、現在お申し込みいただけません。",
    "reward_not_available.not_yet": "この特典は、まだ受付を開始していません。",
    "reward_not_available.over": "この特典の受付は終了しました。",
    "reward_not_available.not_this_tier": "この特典は、対象のランクの会員に限ります。",
    "reward_not_available.sold_out": "この特典は在庫がなくなりました。",
    "reward_not_available.member_limit": ("この特典は、おひとり{most}点までです。", "この特典の上限数に達しています。"),
    "reward_order_state": "特典の申込がすでに進んでいるため、この操作はできません。",
    "reward_order_state.used": "クーポンが使用済みのため、申込を取り消せません。",
    "reward_order_state.cancelled": "この申込は取り消し済みです。",
    "reward_order_state.done": "この特典はお渡し済みです。",
    "reward_order_state.shipped": "この特典は発送済みです。",
    "campaign_exists": ("キャンペーン「{campaign}」は登録済みです。", "このコードのキャンペーンは登録済みです。"),
    "campaign_state": "キャンペーンの現在の状態では、この操作はできません。",
    "campaign_state.changed": "別の担当者が新しい版を保存しました。最新の版から変更してください。",
    "campaign_state.ended": "キャンペーンの期間が終了しています。先に終了日時を変更してください。",
    "campaign_state.draft": "キャンペーンは下書きのため、停止するものがありません。",
    "standing_rule_state": "この常設特典は、現在この操作ができる状態にありません。",
    "standing_rule_state.ended": "常設特典の期間が終了しています。先に終了日時を変更してください。",
    "visit_not_possible": "このご来店は、来店ポイントの対象になりません。",
    "visit_not_possible.no_rule": "現在、来店ポイントは実施していません。",
    "visit_not_possible.today": "本日の来店ポイントは受付済みです。",
    "visit_not_possible.too_soon": "前回のご来店から間隔が短いため、対象になりません。",
    "visit_not_possible.staff_only": "スタッフが会員証を読み取って受け付けます。",
    "visit_not_possible.code_unknown": "この来店コードはありません。",
    "visit_not_possible.code_expired": "この来店コードは有効期限が切れています。",
    "visit_not_possible.code_elsewhere": "別の店舗の来店コードです。",
    "referral_not_possible": "この紹介は受け付けられません。",
    "referral_not_possible.no_rule": "現在、紹介ポイントは実施していません。",
    "referral_not_possible.code_unknown": "この紹介コードはありません。",
    "referral_not_possible.late": "紹介コードを入力できる期間を過ぎています。",
    "referral_not_possible.has_bought": "紹介コードは、初めてのお買い物の前に入力してください。",
    "referral_not_possible.already_referred": "すでに紹介コードが入力されています。",
    "referral_not_possible.same_person": "ご本人の紹介コードは使えません。",
    "referral_not_possible.same_address": "同じご住所の方の紹介コードは使えません。",
    "referral_not_possible.same_contact": "同じ連絡先の方の紹介コードは使えません。",
    "referral_not_possible.same_device": "この端末からは、すでに紹介コードが入力されています。",
    "referral_not_possible.same_household": "ご家族の紹介コードは使えません。",
    "referral_not_possible.referrer_left": "紹介者はすでに退会しています。",
    "referral_not_possible.referrer_max": "この紹介コードは、紹介できる人数に達しています。",
    "referral_not_possible.not_for_them": "この紹介の対象になっていません。",
    "not_rewarded": "ポイント進呈の対象になりません。",
    "not_rewarded.no_rule": "現在、ポイント進呈の対象になっていません。",
    "not_rewarded.already": "すでに進呈済みです。",
    "not_rewarded.not_bought": "対象のお買い上げがありません。",
    "not_rewarded.not_this_tier": "対象のランクではありません。",
    "not_rewarded.not_this_segment": "対象の会員ではありません。",
    "not_rewarded.not_this_shop": "対象の店舗ではありません。",
    "not_rewarded.limit_reached": "進呈の上限に達しています。",
    "draw_state": "この抽選は、現在この操作ができる状態にありません。",
    "draw_state.live": "抽選の内容は公開済みのため変更できません。別のコードで作成してください。",
    "draw_state.stopped": "この抽選は停止されています。",
    "draw_state.over": "抽選の期間が終了しています。先に終了日時を変更してください。",
    "draw_state.draft": "抽選は下書きのため、停止するものがありません。",
    "draw_entry_not_possible": "この抽選には応募できません。",
    "draw_entry_not_possible.not_live": "この抽選は受け付けていません。",
    "draw_entry_not_possible.not_yet": "この抽選は、まだ受付を開始していません。",
    "draw_entry_not_possible.over": "この抽選の受付は終了しました。",
    "draw_entry_not_possible.already": "すでに応募済みです。",
    "draw_entry_not_possible.too_little": "応募に必要なお買い上げ金額に達していません。",
    "draw_entry_not_possible.not_theirs": "ほかの方のお買い上げです。",
    "draw_entry_not_possible.purchase_state": "お買い上げが完了していません。",
    "draw_entry_not_possible.purchase_date": "抽選期間中のお買い上げではありません。",
    "draw_entry_not_possible.tickets_max": "応募できる口数の上限に達しています。",
    "draw_entry_not_possible.not_this_tier": "対象のランクではありません。",
    "draw_entry_not_possible.not_this_segment": "対象の会員ではありません。",
    "draw_entry_not_possible.not_this_shop": "対象の店舗ではありません。",
    "tiers_not_counted": "過去のお買い上げをランク用に集計中です。しばらくしてからもう一度お試しください。",
    "programme_overtaken": (
        "別の担当者が新しい版を保存しました（版{version}）。画面を開き直し、最新の版から変更してください。",
        "別の担当者が新しい版を保存しました。画面を開き直し、最新の版から変更してください。",
    ),
    # The edge and the ground.
    "method_not_allowed": "このURLでは使えないメソッドです。",
    "cursor_expired": "イベントの保存期間より長く接続が途切れていました。現在の状態を読み直してください。",
    "payload_too_large": ("送信内容が大きすぎます（上限{bytes_max:,}バイト）。", "送信内容が大きすぎます。"),
    "unsupported_media_type": "本文は圧縮せず、UTF-8の application/json で送ってください。",
    "rate_limited": (
        "回数が多すぎます。{retry_after:,}秒後にもう一度お試しください。",
        "回数が多すぎます。しばらくしてからもう一度お試しください。",
    ),
    "internal_error": "サーバー側で問題が発生しました。リクエストIDをお知らせください。",
    "database_unavailable": "データベースが応答していません。しばらくしてからもう一度お試しください。",
    "schema_refused": "データベースの構造がこの版のGoenと合っていません。",
    "server_too_old": "PostgreSQLの版が古すぎます。",
    "data_folder_refused": "データフォルダーを使用できません。",
    "installation_differs": "設定がこのデータベースの作成時と異なります。",
    "font_missing": "日本語フォントが見つからないため、作成できません。fonts-noto-cjk などを入れてください。",
}


def title(refusal: Refusal) -> str:
    """What a code means, in general."""
    return list(_variants(refusal.code))[-1]


def detail(refusal: Refusal, *, on_a_page: bool = False) -> str:
    """What is refused and why, as exactly as the refusal's fields say it; ``on_a_page``: to people, not programs."""
    if refusal.code == "invalid_request" and (errors := refusal.fields.get("errors")):
        return said(errors[0]["field"], errors[0]["message"], on_a_page=on_a_page)
    for row in (*(f"{refusal.code}.{refusal.fields.get(name)}" for name in _NARROWS), refusal.code):
        for sentence in _variants(row):
            try:
                return sentence.format_map(refusal.fields)
            except (KeyError, ValueError, TypeError):
                continue  # A field that this refusal does not have: the next sentence asks for less.
    raise AssertionError(f"the last sentence of {refusal.code} has no fields")


def _variants(row: str) -> Iterator[str]:
    sentences = SENTENCES.get(row, ())
    yield from (sentences,) if isinstance(sentences, str) else sentences
