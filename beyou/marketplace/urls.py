"""Addresses of the market."""

from django.urls import path

from beyou.marketplace import search_views, sell_views, terms_views, views

app_name = "market"
urlpatterns = [
    path("market", views.market, name="market"),
    path("market/c/<slug:category>", views.market, name="category"),
    path("market/favourites", views.favourites, name="favourites"),
    path("market/searches", search_views.searches, name="searches"),
    path("market/searches/save", search_views.save, name="save-search"),
    path("market/searches/<uuid:search_id>/open", search_views.open_search, name="open-search"),
    path("market/searches/<uuid:search_id>/rename", search_views.rename, name="rename-search"),
    path("market/searches/<uuid:search_id>/alerts", search_views.alert, name="search-alerts"),
    path("market/searches/<uuid:search_id>/delete", search_views.delete, name="delete-search"),
    path("market/i/<uuid:item_id>", views.item, name="item-by-id"),
    path("market/i/<uuid:item_id>-<slug:slug>", views.item, name="item"),
    path("market/i/<uuid:item_id>/like", views.like, name="like"),
    path("market/i/<uuid:item_id>/unlike", views.unlike, name="unlike"),
    path("market/i/<uuid:item_id>/step", sell_views.step, name="step"),
    path("market/i/<uuid:item_id>/delete", sell_views.delete, name="delete"),
    path("market/pictures/<uuid:image_id>", views.picture, name="picture"),
    path("market/sell", sell_views.start, name="sell"),
    path("market/sell/<uuid:item_id>", sell_views.sell, name="sell-item"),
    path("selling/items", sell_views.own_items, name="own-items"),
    path("selling/terms", terms_views.terms, name="terms"),
]
