"""The words that the names of a retailer's products are made of."""

ADJECTIVES = (
    "Antique", "Assorted", "Blue", "Cream", "Doormat Size", "Eight Piece", "Festive", "Folding", "French", "Garden", "Green",
    "Hanging", "Ivory", "Jumbo", "Large", "Magic", "Mini", "Natural", "Pack of 12", "Pink", "Red Retrospot", "Regency",
    "Round", "Rustic", "Set of 3", "Set of 6", "Skull", "Small", "Spotty", "Strawberry", "Traditional", "Vintage", "White",
    "Woodland",
)  # fmt: skip
MATERIALS = (
    "Bamboo", "Beaded", "Ceramic", "Copper", "Cotton", "Enamel", "Felt", "Feather", "Glass", "Gingham", "Heart", "Lace",
    "Metal", "Paper", "Polkadot", "Porcelain", "Rose", "Silver", "Star", "Tin", "Union Jack", "Wicker", "Willow", "Wooden",
)  # fmt: skip
THINGS = (
    "Alarm Clock", "Apron", "Bag Charm", "Bird Feeder", "Bottle", "Bowl", "Bunting", "Cake Case", "Cake Stand", "Candle",
    "Card", "Charlotte Bag", "Chopping Board", "Clothes Pegs", "Coaster", "Cushion Cover", "Door Knob", "Doorstop", "Drawer",
    "Easter Egg", "Egg Cup", "Frame", "Gift Tape", "Gift Wrap", "Hook", "Hot Water Bottle", "Jam Jar", "Jigsaw", "Lantern",
    "Lunch Bag", "Lunch Box", "Mirror", "Mug", "Napkins", "Notebook", "Party Lights", "Photo Album", "Place Setting",
    "Plant Pot", "Popcorn Holder", "Purse", "Ribbons", "Shopper", "Sign", "Spinning Top", "Suitcase", "T-Light Holder",
    "Tea Towel", "Teapot", "Toadstool", "Tray", "Umbrella", "Wall Art", "Water Can", "Wreath",
)  # fmt: skip
