-- Every process reads every two seconds which products earn nothing: few of a catalogue that may be long.

create index product_excluded on product (sku) where not points;
